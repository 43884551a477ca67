import { spawn } from 'node:child_process'

// npm test [-- files or options of node --test]. The reporter's closing lines say how many tests ran.
const given = process.argv.slice(2)
const files = given.some((one) => one.endsWith('.ts')) ? given : [...given, 'test/**/*.test.ts']
const args = [
  '--test',
  '--test-global-setup=test/setup.ts',
  '--test-concurrency=2',
  '--test-timeout=2700000',
  ...files,
]
const child = spawn(process.execPath, args, { stdio: 'inherit' })
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => {
  process.exitCode = signal ? 1 : (code ?? 1)
})
