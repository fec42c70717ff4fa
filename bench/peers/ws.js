// npm ws as its README shows it: a broadcast is a loop over the clients. No compression. Usage: node ws.js PORT
'use strict'
const { WebSocketServer } = require('ws')

const server = new WebSocketServer({
  host: '127.0.0.1',
  port: Number(process.argv[2]),
  perMessageDeflate: false,
  backlog: 4096
})

server.on('connection', (socket, request) => {
  if (request.url.startsWith('/echo/')) {
    socket.on('message', (data, binary) => socket.send(data, { binary }))
  } else {
    socket.on('message', (data, binary) => {
      for (const client of server.clients) client.send(data, { binary })
    })
  }
})

server.on('listening', () => console.log('listening'))
