// uWebSockets.js as its manual advises for throughput: no compression, no idle timeout, no limit on what may wait for
// a receiver, one topic per room. Usage: node uws.js PORT
'use strict'
const uws = require('uwebsockets')

const options = { compression: uws.DISABLED, maxPayloadLength: 1 << 20, maxBackpressure: 0, idleTimeout: 0 }
const app = uws.App()

app.ws('/echo/*', {
  ...options,
  message: (socket, message, isBinary) => socket.send(message, isBinary)
})

// app.publish reaches every subscriber, the sender too; it is batched per socket and written once per loop turn.
app.ws('/room', {
  ...options,
  open: (socket) => socket.subscribe('room'),
  message: (socket, message, isBinary) => app.publish('room', message, isBinary)
})

app.listen('127.0.0.1', Number(process.argv[2]), (token) => {
  if (!token) process.exit(1)
  console.log('listening')
})
