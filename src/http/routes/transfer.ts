import type { FastifyInstance } from 'fastify'
import type { Db } from '../../store/db.ts'

export async function transferRoutes(_app: FastifyInstance, _deps: { db: Db }): Promise<void> {}
