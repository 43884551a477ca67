/** One SQL statement, prepared by its name on every connection that runs it. `Row` is what it returns. */
export interface Statement<Row> {
  readonly name: string
  readonly text: string
  /** Never set: it carries `Row` for the compiler. */
  readonly row?: Row
}

const registry = new Map<string, Statement<unknown>>()

/**
 * Declares a statement. All SQL of Snug passes here, so that a test can prepare each one against the migrated schema.
 * @throws {Error} when the name is taken: two texts under one name would run the wrong one.
 */
export function sql<Row>(name: string, text: string): Statement<Row> {
  if (registry.has(name)) throw new Error(`two SQL statements are named ${name}`)
  const statement: Statement<Row> = Object.freeze({ name, text })
  registry.set(name, statement)
  return statement
}

/** Every statement that the loaded modules declare, for the test that prepares and explains them. */
export function allStatements(): readonly Statement<unknown>[] {
  return [...registry.values()]
}
