// socket.io in its default configuration (engine ws, in-memory adapter), on a plain HTTP server. Usage: node socketio.js PORT
'use strict'
const { createServer } = require('http')
const { Server } = require('socket.io')

const http = createServer()
const io = new Server(http)

// What a client says goes to everybody in the namespace, to itself too.
io.of('/lobby').on('connection', (socket) => {
  socket.on('message', (text) => io.of('/lobby').emit('message', text))
})

http.listen({ host: '127.0.0.1', port: Number(process.argv[2]), backlog: 4096 }, () => console.log('listening'))
