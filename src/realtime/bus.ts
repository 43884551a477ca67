import type { Queryable } from '../store/db.ts'
import type { OutboxRow } from '../store/outbox.ts'
import type { Note, TypingNote } from './wire.ts'

/** The way in which servers tell each other of changes: SNUG_FANOUT. */
export interface Bus {
  /**
   * Tells all servers, this one too, within the relay's transaction. What could be told of changes that are then rolled back comes
   * again, and is known by its number. @returns what to do after the commit, if there is anything
   */
  publish(tx: Queryable, rows: readonly OutboxRow[]): Promise<(() => void) | undefined>
  /** Tells of somebody who writes. It may get lost. */
  publishTyping(typing: TypingNote): void
  close?(): Promise<void>
}

/** The same for a server that has streams, and so listens. */
export interface ListeningBus extends Bus {
  /** Resolves when what concerns the user is heard from now on. */
  watch(userKey: number): Promise<void>
  unwatch(userKey: number): void
  /**
   * A moment by the database's clock, in microseconds: every change before it has been handed over here.
   * @throws {Error} while the bus is broken
   */
  settle(): Promise<{ readonly settled: number; readonly now: number }>
  close(): Promise<void>
}

export interface BusEvents {
  heard(note: Exclude<Note, { kind: 'mark' }>): void
  /** The bus is whole again after it was broken: something may have been missed. */
  mended(): void
  readonly log: (line: string) => void
}
