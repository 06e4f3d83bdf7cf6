import { stub } from './stub.ts'

stub(Number(process.env['SEMAPHORE_PORT']))
