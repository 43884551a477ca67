import { faultsOfHouse } from './house.ts'

const faults = faultsOfHouse()
for (const fault of faults) console.error(fault)
console.log(faults.length === 0 ? 'The house is in order.' : `${faults.length} faults`)
process.exitCode = faults.length === 0 ? 0 : 1
