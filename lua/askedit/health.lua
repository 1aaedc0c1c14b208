--- :checkhealth askedit: what is used, where it was found, and the cure of each fault. Never shows a key.
local compat = require('askedit.compat')
local config = require('askedit.config')
local host = require('askedit.host')
local local_servers = require('askedit.local_servers')
local notify = require('askedit.notify')
local prompts = require('askedit.prompts')
local view = require('askedit.view')

local M = {}

local VERSION_MS = 2000
local LOCAL_MS = 300

local function check_neovim(report)
  local version = vim.version()
  local shown = ('Neovim %d.%d.%d'):format(version.major, version.minor, version.patch)
  if vim.fn.has('nvim-0.7.2') == 1 then
    report.ok(shown)
  else
    report.error(shown .. ' is too old: 0.7.2 is the oldest that works')
  end
end

-- What `HOST --version` says, with stderr; nil if it did not end in time.
local function version_of(path)
  local said = {}
  local function keep(_, data)
    vim.list_extend(said, data)
  end
  local options = { stdout_buffered = true, stderr_buffered = true, on_stdout = keep, on_stderr = keep }
  local ok, job = pcall(vim.fn.jobstart, { path, '--version' }, options)
  if not ok or job <= 0 then
    return nil, 'it cannot be started'
  end
  local code = vim.fn.jobwait({ job }, VERSION_MS)[1]
  if code == -1 then
    vim.fn.jobstop(job)
    return nil, ('it did not answer --version within %d s'):format(VERSION_MS / 1000)
  end
  local text = vim.trim(table.concat(said, '\n'))
  if code ~= 0 then
    return nil, ('it ended with exit code %d: %s'):format(code, text)
  end
  return text
end

local function check_version(report, path)
  local text, fault = version_of(path)
  if not text then
    return report.error(('%s: %s'):format(path, fault), { 'run scripts/build in ' .. host.plugin_root() })
  end
  local protocol = tonumber(text:match('^askedit%-host .*%(protocol (%d+)%)$'))
  if not protocol then
    report.error(('%s is no askedit-host; it says: %s'):format(path, text), { 'correct host_path or $PATH' })
  elseif protocol ~= host.PROTOCOL then
    local older = protocol < host.PROTOCOL
    local cure = older and 'run scripts/build in ' .. host.plugin_root() or 'update the plugin'
    report.error(('%s speaks another protocol than the plugin (%d)'):format(text, host.PROTOCOL), { cure })
  else
    report.ok(text)
  end
end

local function check_host(report, host_path)
  local path, origin = host.find(host_path)
  report.info(('host: %s (from %s)'):format(path, origin))
  local fault = host.fault_of(path, origin)
  if fault then
    report.error(fault, { 'run scripts/build in ' .. host.plugin_root() .. ', or set host_path' })
  else
    check_version(report, path)
  end
  local state = host.report()
  report.info(state.running and 'running: ' .. state.path or 'not running; it starts with the first question')
  local stderr = vim.trim(table.concat(state.stderr, '\n'))
  if stderr ~= '' then
    report.warn('last words of the host:\n' .. stderr)
  end
end

local function check_env_key(report, name)
  if vim.fn.exists('$' .. name) == 1 then
    report.ok(('key: from $%s, which is set'):format(name))
  else
    report.error(('key: from $%s, which is not set'):format(name), {
      ('export %s=... before Neovim starts, or :let $%s = ...'):format(name, name),
      "or name a file: provider = { key = 'file:PATH' }",
    })
  end
end

local function check_file_key(report, path)
  local stat = compat.uv.fs_stat(path)
  if not stat or stat.type ~= 'file' then
    report.error(('key: from the file %s, which does not exist'):format(path), { 'write the key into it' })
  elseif not compat.uv.fs_access(path, 'R') then
    report.error(('key: from the file %s, which you may not read'):format(path), { 'chmod 600 it' })
  elseif stat.size == 0 then
    report.error(('key: from the file %s, which is empty'):format(path), { 'write the key into it' })
  else
    report.ok(('key: from the file %s'):format(path))
  end
end

local function check_provider(report, provider)
  report.info(('provider: %s, model %s'):format(config.label(provider), provider.model or '(not named)'))
  report.info(('dialect: %s, url: %s'):format(provider.dialect, provider.url or '(none)'))
  local kind, source = (provider.key or ''):match('^(%a+):(.*)$')
  if not kind then
    report.ok('key: none is sent')
  elseif kind == 'env' then
    check_env_key(report, source)
  else
    check_file_key(report, source)
  end
end

-- What is there besides the provider in use, and how to use it.
local function check_others(report, found)
  for _, entry in ipairs(config.entries(found)) do
    if entry.name ~= found.provider.name and config.has_key(entry) then
      report.info(("the key of %s is there: provider = '%s'"):format(entry.name, entry.name))
    end
  end
  for _, server in ipairs(local_servers.find(LOCAL_MS)) do
    -- What a server says is cut and cleaned, here as everywhere.
    local model = server.models[1] and (' with ' .. server.models[1]:gsub('%c', ' '):sub(1, 80)) or ''
    local offer = local_servers.settings_for(server)
    report.info(('%s%s answers at %s: %s'):format(server.name, model, server.url, offer))
  end
end

local function check_prompts(report)
  local good = {}
  for _, name in ipairs(prompts.names()) do
    local prompt, fault = prompts.get(name)
    if prompt then
      good[#good + 1] = '/' .. name
    else
      report.error(fault)
    end
  end
  report.ok('prompts: ' .. table.concat(good, ' '))
end

local function show_messages(report)
  for _, fault in ipairs(view.broken_draws()) do
    report.warn('a draw failed: ' .. fault)
  end
  for _, message in ipairs(notify.recent()) do
    report.info(message)
  end
end

function M.check()
  local report = compat.health()
  report.start('askedit')
  check_neovim(report)
  local found, fault = config.get()
  if not found then
    report.error('settings: ' .. fault, { 'see :help askedit-options; the checks below use the defaults' })
    found = config.defaults()
  end
  check_host(report, found.host_path)
  check_provider(report, found.provider)
  check_others(report, found)
  check_prompts(report)
  report.start('askedit: last messages')
  show_messages(report)
end

return M
