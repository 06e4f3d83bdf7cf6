import { Broker } from '../../broker/broker.ts'
import { freePort } from '../support/free-port.ts'
import { startTcpProxy, type FrameHooks } from '../support/tcp-proxy.ts'

/** Starts a broker whose clients all pass through a proxy with these hooks. Resolves with the proxy's address. */
export async function startWatchedBroker(hooks: FrameHooks, onEnd: (stop: () => Promise<void>) => void): Promise<string> {
  const port = await freePort()
  const proxy = await startTcpProxy(port, hooks)
  const address = `127.0.0.1:${proxy.port}`
  const config = {
    listeners: `PLAINTEXT://127.0.0.1:${port}`,
    'advertised.listeners': `PLAINTEXT://${address}`,
    storage: 'memory',
  }
  const broker = await Broker.start({ config })
  onEnd(async () => {
    await broker.stop()
    await proxy.close()
  })
  return address
}
