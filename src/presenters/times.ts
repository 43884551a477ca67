/** PostgreSQL's time in UTC, as text or within JSON, in the wire's form: whole seconds and Z (CONTRACT §1). */
export function wireTime(time: string): string {
  return `${time.slice(0, 10)}T${time.slice(11, 19)}Z`
}

export const wireTimeOrNull = (time: string | null): string | null => (time === null ? null : wireTime(time))
