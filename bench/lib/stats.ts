/** The value below which the share `q` (0 to 1) of the sorted values lies. */
export function quantile(sorted: ArrayLike<number>, q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN
}

export function median(values: readonly number[]): number {
  return quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  )
}

/** A ratio of two measurements that were made in turns, round by round. */
export interface Ratio {
  readonly ratio: number
  readonly low: number
  readonly high: number
  readonly rounds: number
}

/** The median of the rounds' ratios, with the lowest and the highest. */
export function ratioOf(rounds: readonly { readonly ours: number; readonly theirs: number }[]): Ratio {
  const ratios = rounds.map(({ ours, theirs }) => ours / theirs)
  return { ratio: median(ratios), low: Math.min(...ratios), high: Math.max(...ratios), rounds: rounds.length }
}
