/** The name that the socket file ends in; there is no TCP. */
export const PORT = 5432

/** Linux takes 107 bytes and macOS 103 for the path of a socket. */
export const LONGEST_SOCKET_PATH = 103

/**
 * Everything Snug sets of PostgreSQL, given on its command line: a newer Snug brings its own, and nothing in
 * `postgresql.conf` can turn durability off.
 */
function settings(version: string): Record<string, string> {
  return {
    // Shown by `ps`. The version makes a server that a killed older Snug left running differ from ours.
    cluster_name: `snug-${version}`,
    listen_addresses: '',
    port: String(PORT),
    // Relative, so the socket is in the cluster folder however long its path is, and goes where the folder goes.
    unix_socket_directories: '.',
    unix_socket_permissions: '0700',

    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    wal_compression: 'on',
    max_wal_size: '2GB',

    max_connections: '60',
    shared_buffers: '128MB',
    effective_cache_size: '512MB',
    work_mem: '8MB',
    maintenance_work_mem: '64MB',
    random_page_cost: '1.1',
    jit: 'off',
    // Parallel workers share memory by /dev/shm, of which a container has 64 MB; Snug's reads are short index ranges.
    max_parallel_workers_per_gather: '0',
    max_parallel_maintenance_workers: '0',

    timezone: 'UTC',
    log_timezone: 'UTC',
    log_checkpoints: 'off',
    // DETAIL lines quote whole rows, and messages are private.
    log_error_verbosity: 'terse',
  }
}

/** The arguments of `postgres`. `folder` is the cluster folder as PostgreSQL is to name it. */
export function serverArguments(folder: string, version: string): string[] {
  const set = Object.entries(settings(version)).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  return ['-D', folder, ...set]
}

/**
 * The environment of every child: nothing of Snug's own, whose PGDATA, PGOPTIONS or LC_* would change what happens
 * and whose secrets PostgreSQL need not see.
 */
export function childEnvironment(): Record<string, string> {
  return { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }
}
