// One stream of readings for all tabs of a browser: proxies and servers count connections.
import { LiveSource, type LiveMessage } from './live-source'

const ports = new Set<MessagePort>()
let source: LiveSource | null = null
let last: LiveMessage | null = null

function tell(message: LiveMessage): void {
  if (message.kind === 'state') last = message
  for (const port of ports) port.postMessage(message)
}

const scope = self as unknown as { onconnect: (event: MessageEvent) => void }
scope.onconnect = (event) => {
  const port = event.ports[0]!
  ports.add(port)
  port.onmessage = ({ data }: MessageEvent<{ kind: string; url?: string }>) => {
    if (data.kind === 'bye') ports.delete(port)
    else if (data.kind === 'wake') source?.wake()
    else if (data.url && !source) {
      source = new LiveSource(data.url, tell)
      source.start()
    }
    if (ports.size === 0) {
      source?.stop()
      source = null
      last = null
    }
  }
  if (last) port.postMessage(last)
  port.start()
}
