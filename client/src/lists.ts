interface Page<T> {
  readonly has_more: boolean
  readonly data: readonly T[]
}

/** As many as a page can hold. */
export const PER_PAGE_MAX = 100

/**
 * Every item of a list, page after page. What a page brings again because the list has grown is passed over.
 * @param query given to `list` with the page; its `perPage` is `PER_PAGE_MAX` unless it says otherwise
 */
export async function* iterate<T extends { id: string }, Query extends object>(
  list: (query: Query & { page: number }) => Promise<Page<T>>,
  query: Query | undefined,
): AsyncIterableIterator<T> {
  let before = new Set<string>()
  for (let page = 1; ; page++) {
    const { data, has_more } = await list({ perPage: PER_PAGE_MAX, ...(query as Query), page })
    for (const item of data) if (!before.has(item.id)) yield item
    if (!has_more) return
    before = new Set(data.map(({ id }) => id))
  }
}
