// The centre's public key, as browsers take it and as they give it back.
export function bytes(key: string): Uint8Array<ArrayBuffer> {
  const text = atob(key.replace(/-/g, '+').replace(/_/g, '/'))
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0))
}

/** Whether a subscription was made with this key; browsers that do not say with which are believed. */
export function isOf(subscription: PushSubscription, key: string): boolean {
  const own = subscription.options?.applicationServerKey
  if (!own) return true
  const held = new Uint8Array(own)
  const asked = bytes(key)
  return held.length === asked.length && held.every((byte, n) => byte === asked[n])
}
