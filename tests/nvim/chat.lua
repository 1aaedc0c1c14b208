--- What a Chat Completions server writes: the bytes of a streamed answer, for a peer's script.
--
--   conn:write(Chat.answer('Hello.'))                    a whole response in one event
--   conn:write(Chat.head .. Chat.part(Chat.text('Hel'))) begins one; later
--   conn:write(Chat.part(Chat.text('lo.') .. Chat.stop() .. Chat.done) .. Chat.last)
--
--   Chat.head                    head of a response whose body comes in parts (chunked)
--   Chat.part(bytes), Chat.last  a part of the body; what ends it
--   Chat.data(value)             an event that holds `value` as JSON, or the string `value` as it is
--   Chat.text(text, finish), Chat.thought(text)   events with some of the answer or of the thoughts
--   Chat.stop(reason)            the event with the finish reason, default 'stop'
--   Chat.done                    the event that is last
--   Chat.stream(events)          a whole response of these events (one string)
--   Chat.models(names)           the response to GET .../models
local Peer = require('peer')
local json = require('dkjson')

local Chat = {}

Chat.head = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n'
Chat.last = '0\r\n\r\n'
Chat.done = 'data: [DONE]\n\n'

function Chat.part(bytes) return ('%x\r\n%s\r\n'):format(#bytes, bytes) end

function Chat.data(value)
  return 'data: ' .. (type(value) == 'string' and value or json.encode(value)) .. '\n\n'
end

local function choice(delta, finish)
  return Chat.data({ object = 'chat.completion.chunk', model = 'spec-model',
    choices = { { index = 0, delta = delta, finish_reason = finish or json.null } } })
end

function Chat.text(text, finish) return choice({ content = text }, finish) end

function Chat.thought(text) return choice({ reasoning_content = text }) end

function Chat.stop(reason) return choice(json.decode('{}'), reason or 'stop') end

function Chat.stream(events) return Chat.head .. Chat.part(events) .. Chat.last end

function Chat.answer(text) return Chat.stream(Chat.text(text) .. Chat.stop() .. Chat.done) end

function Chat.models(names)
  local rows = {}
  for i, name in ipairs(names) do rows[i] = { id = name, object = 'model' } end
  return Peer.response(200, json.encode({ object = 'list', data = rows }))
end

return Chat
