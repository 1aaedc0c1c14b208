--- Makes the model that llama-server runs in the specs: a file of 2.5 MB whose answers are known.
-- It is a llama of one layer, but attention and feed-forward are zero, so each token alone decides which one
-- comes next, at any temperature: the output matrix is a table of successors. The chat template looks at the
-- last message and ends the prompt with a token from which one of the answers below begins.
--
--   Model.answers   { [word] = text of the answer to a message that holds this word }; PLAIN is that to
--                   others. Before that to THINK come thoughts in <think> tags, not in the text here
--   Model.thought   these thoughts
--   Model.line      the answer to LONG is this line again and again, without an end
--   Model.write(path)
local Model = {}

-- Answers in tokens. A number is a byte that is a token of its own. Each token has one successor, so none may
-- stand twice in all of this.
local PLAIN = { 'This', ' is', ' a real', ' llama-server', '.\n', 'It', ' ends', ' here.' }
local EMOJI = { 'Caf', 0xC3, 0xA9, ': ', 0xE6, 0xBC, 0xA2, 0xE5, 0xAD, 0x97, ', ', 0xF0, 0x9F, 0x98, 0x80,
  ' and e', 0xCC, 0x81, ' fin' }
local THOUGHT = { '\nFirst', ' I weigh', ' what', ' was asked.\n' }
local AFTER_THOUGHT = { 'Having', ' thought', ': 42', '!' }
local CODE = { 'Like', ' this:\n\n', '```lua\n', 'local ', 'function', ' twice(x)\n', '  return', ' 2 *',
  ' x\n', 'end\n', '```\n\n', 'No', ' more.' }
local CTRL = { 'esc', 0x1B, '[31m', 'bell', 0x07, ' back', 0x08, ' nul', 0x00, ' return', 0x0D, ' del', 0x7F,
  ' tab\t', ' turn\226\128\174', '\nvim', ': set', ' ft=sh', ' :' }
local LINE = { 'And', ' so', ' it', ' goes', ' on', ',\n' }

local function text_of(tokens)
  local parts = {}
  for i, token in ipairs(tokens) do parts[i] = type(token) == 'number' and string.char(token) or token end
  return table.concat(parts)
end

Model.answers = {
  PLAIN = text_of(PLAIN),
  EMOJI = text_of(EMOJI),
  THINK = text_of(AFTER_THOUGHT),
  CODE = text_of(CODE),
  CTRL = text_of(CTRL),
  EMPTY = '',
}
Model.thought = text_of(THOUGHT)
Model.line = text_of(LINE)

-- The vocabulary --------------------------------------------------------------------------------------------

local NORMAL, UNKNOWN, CONTROL, BYTE = 1, 2, 3, 6 -- kinds of token in a GGUF file

local Vocabulary = {}
Vocabulary.__index = Vocabulary

function Vocabulary:add(text, kind)
  assert(not self.ids[text], 'the token stands twice: ' .. text)
  self.texts[#self.texts + 1], self.kinds[#self.kinds + 1] = text, kind
  self.ids[text] = #self.texts - 1
  return self.ids[text]
end

function Vocabulary:id_of(token)
  if type(token) == 'number' then return self.ids[('<0x%02X>'):format(token)] end
  return self:add((token:gsub(' ', '\226\150\129')), NORMAL) -- U+2581 stands for a blank
end

--- Lets `tokens` follow the token `before`; returns the last one.
function Vocabulary:chain(before, tokens)
  for _, token in ipairs(tokens) do
    local id = self:id_of(token)
    assert(not self.successors[before], 'a token stands twice')
    self.successors[before] = id
    before = id
  end
  return before
end

local TEMPLATE = [[
{%- for message in messages -%}<|turn|>{{ message.content }}{%- endfor -%}
{%- set last = messages[-1].content -%}
{%- if 'EMOJI' in last -%}<|EMOJI|>
{%- elif 'THINK' in last -%}<|THINK|>
{%- elif 'CODE' in last -%}<|CODE|>
{%- elif 'CTRL' in last -%}<|CTRL|>
{%- elif 'EMPTY' in last -%}<|EMPTY|>
{%- elif 'LONG' in last -%}<|LONG|>
{%- else -%}<|PLAIN|>
{%- endif -%}]]

local function vocabulary()
  local self = setmetatable({ texts = {}, kinds = {}, ids = {}, successors = {} }, Vocabulary)
  self:add('<unk>', UNKNOWN)
  self:add('<s>', CONTROL)
  self.stop = self:add('</s>', CONTROL)
  self:add('<|turn|>', CONTROL)
  for byte = 0, 255 do self:add(('<0x%02X>'):format(byte), BYTE) end
  local function answer(word, tokens)
    local last = self:chain(self:add('<|' .. word .. '|>', CONTROL), tokens)
    self.successors[last] = self.stop
    return last
  end
  answer('PLAIN', PLAIN)
  answer('EMOJI', EMOJI)
  answer('CODE', CODE)
  answer('CTRL', CTRL)
  answer('EMPTY', {})
  local opened = self:chain(self:add('<|THINK|>', CONTROL), { '<think>' })
  local closed = self:chain(self:chain(opened, THOUGHT), { '</think>\n\n' })
  self.successors[self:chain(closed, AFTER_THOUGHT)] = self.stop
  self.successors[answer('LONG', LINE)] = self.successors[self.ids['<|LONG|>']]
  return self
end

-- Bytes of a GGUF file --------------------------------------------------------------------------------------

local function u32(number)
  local bytes = {}
  for i = 1, 4 do
    bytes[i] = string.char(number % 256)
    number = math.floor(number / 256)
  end
  return table.concat(bytes)
end

local function u64(number) return u32(number % 2 ^ 32) .. u32(math.floor(number / 2 ^ 32)) end

--- Zero or a normal number.
local function f32(number)
  if number == 0 then return u32(0) end
  local fraction, exponent = math.frexp(math.abs(number))
  local bits = (exponent + 126) * 2 ^ 23 + math.floor((fraction * 2 - 1) * 2 ^ 23)
  return u32(bits + (number < 0 and 2 ^ 31 or 0))
end

local function text(value) return u64(#value) .. value end

local TYPES = { u32 = 4, i32 = 5, f32 = 6, bool = 7, text = 8, list = 9 }
local ENCODE = {
  u32 = u32,
  i32 = u32,
  f32 = f32,
  text = text,
  bool = function(value) return value and '\1' or '\0' end,
}

local Head = {}
Head.__index = Head

function Head:put(key, kind, value)
  self[#self + 1] = text(key) .. u32(TYPES[kind]) .. ENCODE[kind](value)
end

function Head:put_list(key, kind, values)
  local parts = {}
  for i, value in ipairs(values) do parts[i] = ENCODE[kind](value) end
  self[#self + 1] = text(key) .. u32(TYPES.list) .. u32(TYPES[kind]) .. u64(#values) .. table.concat(parts)
end

-- The model -------------------------------------------------------------------------------------------------

local WIDTH = 384 -- of the embedding: a place for each token
local HEADS = 6
local INNER = 32

local function head_of(words)
  local head = setmetatable({}, Head)
  head:put('general.architecture', 'text', 'llama')
  head:put('llama.context_length', 'u32', 131072)
  head:put('llama.embedding_length', 'u32', WIDTH)
  head:put('llama.block_count', 'u32', 1)
  head:put('llama.feed_forward_length', 'u32', INNER)
  head:put('llama.attention.head_count', 'u32', HEADS)
  head:put('llama.attention.head_count_kv', 'u32', 1)
  head:put('llama.attention.layer_norm_rms_epsilon', 'f32', 2 ^ -17)
  head:put('llama.rope.dimension_count', 'u32', WIDTH / HEADS)
  head:put('llama.vocab_size', 'u32', #words.texts)
  head:put('tokenizer.ggml.model', 'text', 'llama')
  head:put_list('tokenizer.ggml.tokens', 'text', words.texts)
  local scores = {}
  for i, kind in ipairs(words.kinds) do scores[i] = kind == NORMAL and -i or 0 end
  head:put_list('tokenizer.ggml.scores', 'f32', scores)
  head:put_list('tokenizer.ggml.token_type', 'i32', words.kinds)
  head:put('tokenizer.ggml.bos_token_id', 'u32', words.ids['<s>'])
  head:put('tokenizer.ggml.eos_token_id', 'u32', words.stop)
  head:put('tokenizer.ggml.unknown_token_id', 'u32', words.ids['<unk>'])
  head:put('tokenizer.ggml.add_space_prefix', 'bool', false)
  head:put('tokenizer.chat_template', 'text', TEMPLATE)
  return head
end

--- A matrix of zeros, but with `value` where cells[row][column] is set; both count from 0.
local function sparse(rows, cells, value)
  local zero, other, parts = f32(0), f32(value), {}
  for row = 0, rows - 1 do
    local columns = cells[row] or {}
    for column = 0, WIDTH - 1 do parts[#parts + 1] = columns[column] and other or zero end
  end
  return table.concat(parts)
end

local function identity(count)
  local cells = {}
  for i = 0, count - 1 do cells[i] = { [i] = true } end
  return sparse(count, cells, 1)
end

--- Large enough that the chance of another token is nil.
local function transposed(successors, count)
  local cells = {}
  for before, after in pairs(successors) do
    cells[after] = cells[after] or {}
    cells[after][before] = true
  end
  return sparse(count, cells, 4)
end

local function tensors_of(words)
  local list, count = {}, #words.texts
  assert(count <= WIDTH, 'more tokens than the embedding has places')
  local function add(name, columns, rows, bytes)
    list[#list + 1] = { name = name, dimensions = { columns, rows }, bytes = bytes }
  end
  local function add_ones(name) add(name, WIDTH, nil, f32(1):rep(WIDTH)) end
  local function add_zeros(name, columns, rows) add(name, columns, rows, f32(0):rep(columns * rows)) end
  add('token_embd.weight', WIDTH, count, identity(count))
  add_ones('output_norm.weight')
  add('output.weight', WIDTH, count, transposed(words.successors, count))
  add_ones('blk.0.attn_norm.weight')
  add_zeros('blk.0.attn_q.weight', WIDTH, WIDTH)
  add_zeros('blk.0.attn_k.weight', WIDTH, WIDTH / HEADS)
  add_zeros('blk.0.attn_v.weight', WIDTH, WIDTH / HEADS)
  add_zeros('blk.0.attn_output.weight', WIDTH, WIDTH)
  add_ones('blk.0.ffn_norm.weight')
  add_zeros('blk.0.ffn_gate.weight', WIDTH, INNER)
  add_zeros('blk.0.ffn_up.weight', WIDTH, INNER)
  add_zeros('blk.0.ffn_down.weight', INNER, WIDTH)
  return list
end

local ALIGNMENT, F32 = 32, 0

local function padding(size) return ('\0'):rep(-size % ALIGNMENT) end

--- The file: magic, version, counts, the head's entries, a row for each tensor, the tensors.
function Model.write(path)
  local words = vocabulary()
  local head, tensors = head_of(words), tensors_of(words)
  local rows, data, offset = {}, {}, 0
  for i, tensor in ipairs(tensors) do
    local sizes = {}
    for d, size in ipairs(tensor.dimensions) do sizes[d] = u64(size) end
    rows[i] = text(tensor.name) .. u32(#sizes) .. table.concat(sizes) .. u32(F32) .. u64(offset)
    data[i] = tensor.bytes .. padding(#tensor.bytes)
    offset = offset + #data[i]
  end
  local front = 'GGUF' .. u32(3) .. u64(#tensors) .. u64(#head) .. table.concat(head) .. table.concat(rows)
  local file = assert(io.open(path, 'wb'))
  assert(file:write(front, padding(#front), unpack(data)))
  assert(file:close())
end

return Model
