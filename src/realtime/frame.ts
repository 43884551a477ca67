import type { StreamData, StreamEventName } from '../../contract/stream.ts'

/** An event on its way: the same bytes for all streams of one kind that get it. */
export interface Frame {
  readonly id: string
  readonly event: StreamEventName
  /** As a server-sent event. */
  readonly text: Buffer
  /** As a frame of the WebSocket. */
  readonly json: Buffer
}

/** Makes a frame. Each form is made when the first stream of its kind asks for it. */
export function frameOf<Name extends StreamEventName>(
  event: Name,
  id: string,
  data: StreamData[Name],
): Frame {
  const body = JSON.stringify(data)
  let text: Buffer | undefined
  let json: Buffer | undefined
  return {
    id,
    event,
    get text() {
      text ??= Buffer.from(`id: ${id}\nevent: ${event}\ndata: ${body}\n\n`)
      return text
    },
    get json() {
      json ??= Buffer.from(`{"id":"${id}","event":"${event}","data":${body}}`)
      return json
    },
  }
}
