/** The address under which a page is asked for anew: without the state that it was opened with, which has passed. */
export function again(path: string, search: string): string {
  const asked = new URLSearchParams(search)
  asked.delete('seen')
  const left = asked.toString()
  return left ? `${path}?${left}` : path
}
