// npm bittorrent-tracker's server, for browsers only: WebSockets, no filter, no statistics. Usage: node tracker.js PORT
'use strict'
const path = require('path')
const { pathToFileURL } = require('url')

// It is an ECMAScript module, and NODE_PATH is for others; the server alone needs no WebRTC.
const server = path.join(process.env.NODE_PATH, 'bittorrent-tracker', 'server.js')

import(pathToFileURL(server)).then(({ default: Server }) => {
  const tracker = new Server({ udp: false, http: false, ws: true, stats: false })
  tracker.on('error', error => { throw error })
  tracker.listen(Number(process.argv[2]), '127.0.0.1')
})
