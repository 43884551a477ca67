interface Page<T> {
  readonly has_more: boolean
  readonly data: readonly T[]
}

/** As many as a page can hold. */
export const PER_PAGE_MAX = 100

/** Every item of a list, page after page. What a page brings again because the list has grown is passed over. */
export async function* iterate<T extends { id: string }>(
  list: (paging: { page: number; perPage: number }) => Promise<Page<T>>,
): AsyncIterableIterator<T> {
  let before = new Set<string>()
  for (let page = 1; ; page++) {
    const { data, has_more } = await list({ page, perPage: PER_PAGE_MAX })
    for (const item of data) if (!before.has(item.id)) yield item
    if (!has_more) return
    before = new Set(data.map(({ id }) => id))
  }
}
