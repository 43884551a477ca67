/** A number of turns, handed out in the order in which they are asked for. */
export interface Turns {
  /** @returns what gives the turn back */
  take(): Promise<() => void>
}

export function createTurns(most: number): Turns {
  let free = most
  const waiting: (() => void)[] = []
  const giveBack = () => {
    const next = waiting.shift()
    if (next) next()
    else free++
  }
  return {
    async take() {
      if (free > 0) free--
      else await new Promise<void>((resolve) => waiting.push(resolve))
      return giveBack
    },
  }
}
