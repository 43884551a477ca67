/** A page as the query asks for it. */
export interface Paging {
  /** From 1. */
  readonly page: number
  /** 1 to 100. */
  readonly limit: number
  readonly offset: number
}

const PER_PAGE_DEFAULT = 20
const PER_PAGE_MAX = 100
// Past the end of everything, and still exact as a number when it is multiplied.
const PAGE_MAX = 10_000_000_000

/** Reads `page` and `per_page`, which the schema has found to be positive whole numbers. */
export function pagingOf(query: { page?: string; per_page?: string; per?: string }): Paging {
  const page = Math.min(Number(query.page ?? 1), PAGE_MAX)
  const limit = Math.min(Number(query.per_page ?? query.per ?? PER_PAGE_DEFAULT), PER_PAGE_MAX)
  return { page, limit, offset: (page - 1) * limit }
}

/** Whether a page of `shown` items is followed by more. A page past the end is not. */
export function hasMore(paging: Paging, total: number): boolean {
  return paging.offset + paging.limit < total
}
