import type pg from 'pg'
import { allStatements } from '../../src/store/sql.ts'

/** A node of a plan, as EXPLAIN's JSON gives it. */
export interface PlanNode {
  readonly 'Node Type': string
  readonly 'Parent Relationship'?: string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly 'Index Cond'?: string
  readonly 'Actual Rows'?: number
  readonly 'Actual Loops'?: number
  readonly 'Rows Removed by Filter'?: number
  readonly 'Rows Removed by Join Filter'?: number
  readonly 'Rows Removed by Index Recheck'?: number
  readonly 'Shared Hit Blocks'?: number
  readonly 'Shared Read Blocks'?: number
  readonly Plans?: readonly PlanNode[]
}

/** What a statement may do beside index ranges, and why that stays small. */
export interface Exceptions {
  /** Index scans that end at a LIMIT instead of at an index condition. */
  readonly limited?: readonly string[]
  /** Inverted indexes, which are always read through a bitmap. */
  readonly bitmaps?: readonly string[]
  /** Sorts rows that were read from tables. */
  readonly sorts?: boolean
}

/**
 * The generic plan of a prepared statement, by the session's own settings.
 * @param values as SQL; empty: it takes none
 * @param analyze also runs it, within the transaction of the caller's
 */
export async function explain(
  client: pg.ClientBase,
  name: string,
  values: string,
  analyze: boolean,
): Promise<PlanNode> {
  const statement = allStatements().find((one) => one.name === name)
  if (!statement) throw new Error(`there is no statement ${name}`)
  const known = await client.query('select from pg_prepared_statements where name = $1', [name])
  if (known.rowCount === 0) await client.query(`prepare "${name}" as ${statement.text}`)
  const options = analyze ? 'format json, analyze, buffers, timing off' : 'format json'
  const { rows } = await client.query(`explain (${options}) execute "${name}"${values && ` (${values})`}`)
  return rows[0]['QUERY PLAN'][0].Plan
}

const TABLE_SCAN = /^(Seq|Index|Index Only|Bitmap Heap|Tid|Tid Range|Sample) Scan$/
const SORT = /^(Incremental )?Sort$/

/** What of a plan is more than ranges of indexes, in words; empty when nothing is. */
export function faultsOfPlan(plan: PlanNode, exceptions: Exceptions = {}): string[] {
  const faults: string[] = []
  for (const { node, above } of walk(plan)) {
    const type = node['Node Type']
    const name = `${type} on ${node['Relation Name']} by ${node['Index Name'] ?? 'no index'}`
    if (SORT.test(type) && !exceptions.sorts && readsTables(node))
      faults.push(`${type} over the rows of a table`)
    if (!TABLE_SCAN.test(type)) continue
    if (type === 'Bitmap Heap Scan') {
      const indexes = (node.Plans ?? []).map((one) => one['Index Name'] as string)
      if (!indexes.every((index) => exceptions.bitmaps?.includes(index))) faults.push(`${name} ${indexes}`)
    } else if (type !== 'Index Scan' && type !== 'Index Only Scan') faults.push(name)
    else if (!node['Index Cond']) {
      const ends = above.some((one) => one['Node Type'] === 'Limit')
      if (!ends || !exceptions.limited?.includes(node['Index Name'] as string)) faults.push(`all of ${name}`)
    }
  }
  return faults
}

/** The most rows that any one node of an analyzed plan read, those that it threw away among them. */
export function mostRows(plan: PlanNode): number {
  return Math.max(
    ...[...walk(plan)].map(({ node }) => {
      const thrown = (['Filter', 'Join Filter', 'Index Recheck'] as const).map(
        (by) => node[`Rows Removed by ${by}`] ?? 0,
      )
      const each = (node['Actual Rows'] ?? 0) + thrown.reduce((sum, one) => sum + one, 0)
      return each * (node['Actual Loops'] ?? 0)
    }),
  )
}

/** How many blocks an analyzed plan touched, in memory or on the disk. */
export const blocksOf = (plan: PlanNode): number =>
  (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0)

function* walk(
  node: PlanNode,
  above: readonly PlanNode[] = [],
): Generator<{ node: PlanNode; above: readonly PlanNode[] }> {
  yield { node, above }
  for (const child of node.Plans ?? []) yield* walk(child, [node, ...above])
}

/** Whether the node's own input comes from tables. What a CTE gives is of the batch's size, and a subplan gives one value a row. */
function readsTables(node: PlanNode): boolean {
  return (node.Plans ?? [])
    .filter((child) => !['InitPlan', 'SubPlan'].includes(child['Parent Relationship'] ?? ''))
    .some((child) => TABLE_SCAN.test(child['Node Type']) || readsTables(child))
}
