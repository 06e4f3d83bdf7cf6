import { stub } from './stub.ts'

stub(Number(process.env['PONG_PORT']))
