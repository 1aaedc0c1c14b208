--- The services that are known by name, in the order in which they are looked through when no provider is
--- chosen. Only data: what stands here can stand in the setting `providers` as well.
---
--- `pick_model`: the server takes no request without a model, and none lasts so long that it stands here.
--- `ports`: where the server listens on this machine; it has no key whose presence could mean "use me".
---@type askedit.Provider[]
return {
  {
    name = 'light_chat',
    dialect = 'light_chat',
    url = 'https://chat.xutongbao.top/api/light/chat/createChatCompletion',
    key = 'env:LIGHT_CHAT_TOKEN',
    model = 'gpt-3.5-turbo-1106',
    models = { 'gpt-3.5-turbo-1106', 'gpt-3.5-turbo-16k', 'gpt-4', 'gpt-4-1106-preview' },
  },
  {
    name = 'openai',
    dialect = 'openai_chat',
    url = 'https://api.openai.com/v1',
    key = 'env:OPENAI_API_KEY',
    pick_model = true,
  },
  {
    name = 'openrouter',
    dialect = 'openai_chat',
    url = 'https://openrouter.ai/api/v1',
    key = 'env:OPENROUTER_API_KEY',
    pick_model = true,
  },
  {
    name = 'deepseek',
    dialect = 'openai_chat',
    url = 'https://api.deepseek.com/v1',
    key = 'env:DEEPSEEK_API_KEY',
    pick_model = true,
  },
  {
    name = 'mistral',
    dialect = 'openai_chat',
    url = 'https://api.mistral.ai/v1',
    key = 'env:MISTRAL_API_KEY',
    pick_model = true,
  },
  {
    name = 'groq',
    dialect = 'openai_chat',
    url = 'https://api.groq.com/openai/v1',
    key = 'env:GROQ_API_KEY',
    pick_model = true,
  },
  {
    name = 'xai',
    dialect = 'openai_chat',
    url = 'https://api.x.ai/v1',
    key = 'env:XAI_API_KEY',
    pick_model = true,
  },
  { name = 'llama', dialect = 'openai_chat', url = 'http://127.0.0.1:8080/v1', ports = { 8080, 9931 } },
  {
    name = 'ollama',
    dialect = 'openai_chat',
    url = 'http://127.0.0.1:11434/v1',
    ports = { 11434 },
    pick_model = true,
  },
  { name = 'lmstudio', dialect = 'openai_chat', url = 'http://127.0.0.1:1234/v1', ports = { 1234 } },
  { name = 'vllm', dialect = 'openai_chat', url = 'http://127.0.0.1:8000/v1', pick_model = true },
  { name = 'litellm', dialect = 'openai_chat', url = 'http://127.0.0.1:4000/v1', pick_model = true },
}
