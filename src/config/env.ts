export type Env = Readonly<Record<string, string | undefined>>

/** A variable's value without the space around it. An empty value counts as unset, since compose files write those. */
export function text(env: Env, name: string): string | null {
  const value = env[name]?.trim()
  return value ? value : null
}
