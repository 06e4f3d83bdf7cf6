/** Sets how many commands of a resource may run at a time, by the semaphore's own service. */
export async function setRunningLimit(url: string, resourceId: string, running: number): Promise<void> {
  const response = await fetch(`${url}/semaphore.v1.SemaphoreService/SetLimits`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceId, running }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`SetLimits: got ${response.status} ${text}, expected 200`)
}
