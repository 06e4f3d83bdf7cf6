import { stub } from './stub.ts'

stub(Number(process.env['PROCESSOR_PORT']))
