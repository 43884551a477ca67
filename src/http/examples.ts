type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
type Schema = { [key: string]: Json }

/**
 * Completes the document: each body and answer gets an example put together from its schema's own, and `faults`, which is
 * for our validator, is taken out.
 */
export function withExamples<T extends object>(document: T): T {
  const copy = JSON.parse(JSON.stringify(document)) as Json
  visit(copy)
  return copy as unknown as T
}

function visit(node: Json): void {
  if (Array.isArray(node)) {
    for (const one of node) visit(one)
    return
  }
  if (typeof node !== 'object' || node === null) return
  delete node.faults
  if (isSchema(node.schema) && node.example === undefined && node.examples === undefined) {
    const example = exampleOf(node.schema)
    if (example !== undefined) node.example = example
  }
  for (const value of Object.values(node)) visit(value)
}

function isSchema(value: Json | undefined): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** An example of the schema: its own, or one made of its parts'. */
export function exampleOf(schema: Schema): Json | undefined {
  if (Array.isArray(schema.examples)) return schema.examples[0]
  if (isSchema(schema.properties)) {
    const parts = Object.entries(schema.properties).map(([name, part]) => [
      name,
      isSchema(part) ? exampleOf(part) : undefined,
    ])
    return Object.fromEntries(parts.filter(([, example]) => example !== undefined))
  }
  if (isSchema(schema.items)) {
    const item = exampleOf(schema.items)
    return item === undefined ? [] : [item]
  }
  return { integer: 1, boolean: false, string: 'text' }[String(schema.type)]
}
