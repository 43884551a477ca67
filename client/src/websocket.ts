import { CLOSED_EXPIRED, type OpenLink } from './link.ts'

/** What is used of a WebSocket, of which every platform has its own type. */
export interface WebSocketLike {
  onopen: ((event: never) => void) | null
  onmessage: ((event: { data: unknown }) => void) | null
  onclose: ((event: { code: number; reason: string }) => void) | null
  onerror: ((event: never) => void) | null
  close(): void
}

export type WebSocketClass = new (url: string, protocols: string[]) => WebSocketLike

/** The stream over a WebSocket. The token goes as a subprotocol, since browsers let nobody set headers. */
export const webSocketLink =
  (Socket: WebSocketClass): OpenLink =>
  ({ url, token, receive, end }) => {
    const socket = new Socket(url.replace(/^http/, 'ws'), ['snug.v1', `bearer.${token}`])
    socket.onmessage = ({ data }) => receive(JSON.parse(data as string))
    // What went wrong is told by the close that follows.
    socket.onerror = () => {}
    socket.onclose = ({ code, reason }) => {
      const hint = /^retry (\d+)/.exec(reason)
      end({ refused: code === CLOSED_EXPIRED, ...(hint && { retry: Number(hint[1]) }) })
    }
    return { close: () => socket.close() }
  }
