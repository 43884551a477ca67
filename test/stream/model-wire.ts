import type { StreamEvent } from '../../client/src/types.ts'

/**
 * Looks at what a stream tells, before any client makes the best of it: what was missed comes first, then `ready`, and after it no
 * message of a conversation is passed over, told too late or told twice.
 */
export class Wire {
  readonly faults: string[] = []
  /** Events by their name. */
  readonly counts = new Map<string, number>()
  /** How many times what was missed could not be told. */
  resyncs = 0
  #phase: 'missed' | 'changed' | 'live' = 'missed'
  // How many messages each conversation holds by what was told of it on this connection; absent: that is not known.
  readonly #totals = new Map<string, number>()

  /** A connection begins. */
  begin(): void {
    this.#phase = 'missed'
    this.#totals.clear()
  }

  take(event: StreamEvent): void {
    this.counts.set(event.event, (this.counts.get(event.event) ?? 0) + 1)
    if (this.#phase === 'live') this.#live(event)
    else this.#before(event)
  }

  #before({ event, data }: StreamEvent): void {
    if (event === 'ready') this.#phase = 'live'
    else if (event === 'resync') this.#startOver()
    else if (event === 'message.created' && this.#phase === 'missed') this.#ascends(data)
    else if (event === 'conversation.changed') {
      this.#phase = 'changed'
      this.#totals.set(`${data.community_id} ${data.user_id}`, data.total)
      if (data.total === 0) this.#totals.delete(`${data.community_id} ${data.user_id}`)
    } else this.#fault(`${event} before ready, in the phase ${this.#phase}`)
  }

  #ascends(data: Extract<StreamEvent, { event: 'message.created' }>['data']): void {
    const key = `${data.community_id} ${data.conversation.user.id}`
    const last = this.#totals.get(key)
    if (last !== undefined && data.position !== last + 1)
      this.#fault(`on resume ${key} has position ${data.position} after ${last}`)
    this.#totals.set(key, data.position)
  }

  #live({ event, data }: StreamEvent): void {
    if (event === 'resync') this.#startOver()
    else if (event === 'ready' || event === 'conversation.changed') this.#fault(`${event} after ready`)
    else if (event === 'message.created') this.#ascends(data)
    else if (event === 'message.deleted') this.#totals.set(`${data.community_id} ${data.user_id}`, data.total)
    else if (event === 'conversation.hidden' || event === 'conversation.shown')
      this.#totals.delete(`${data.community_id} ${data.user_id}`)
  }

  #startOver(): void {
    this.resyncs++
    this.#totals.clear()
  }

  #fault(text: string): void {
    this.faults.push(text)
  }
}
