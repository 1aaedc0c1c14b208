---@meta
--- The tables that pass between the modules.

---@class askedit.Config
---@field host_path string
---@field keys table<string, string|false> accept, reject, open, next, prev
---@field language string
---@field split string
---@field provider askedit.Provider the entry that is to be used
---@field providers table<string, table> entries of the user
---@field model string '' = the one of the entry

--- An entry: a dialect and a server. What a run sends as `provider`, without the fields that are only for
--- choosing, and with whatever other settings the dialect has.
---@class askedit.Provider
---@field name? string for choosing; nil if the entry itself is the setting `provider`
---@field models? string[] for choosing, where the server does not list them
---@field pick_model? boolean for choosing: the server takes no request without a model
---@field ports? integer[] for choosing: where it listens on this machine
---@field dialect string
---@field url? string
---@field model? string
---@field key? string 'env:NAME' or 'file:PATH'; '' or nil = none is needed
---@field timeout? number seconds
---@field ca? string

---@class askedit.Prompt one file under lua/askedit/prompts/
---@field name string the file's name
---@field template string with placeholders that the host fills
---@field system? string
---@field description? string
---@field context 'selection'|'optional'|'none' whether code is needed, taken if given, or left out
---@field target 'split'|'replace'|'insert'
---@field model? string instead of the one in the settings

---@class askedit.Context what goes along; empty without a range
---@field code? string
---@field file? string
---@field filetype? string
---@field first? integer
---@field last? integer
---@field diagnostics? {line: integer, severity: string, message: string}[]
---@field before? string of a change: the lines around it
---@field after? string
---@field indent? string how the file is indented, in words
---@field cursor? boolean there is no code: the new text goes between `before` and `after`
---@field rejected? {old: string, new: string}[] what the user did not want of earlier proposals

---@class askedit.WirePrompt what a run sends as `prompt`
---@field name string
---@field system string
---@field template string
---@field text string
---@field language string

---@class askedit.Request all that one question consists of; sent as it is, and again by a retry
---@field prompt askedit.WirePrompt
---@field context askedit.Context
---@field provider askedit.Provider
---@field history askedit.Turn[]

---@class askedit.Turn
---@field prompt askedit.WirePrompt
---@field context askedit.Context
---@field answer string

---@class askedit.Asked what view.prepare() has to know besides the request
---@field title string
---@field source integer buffer it is asked from
---@field place askedit.Place
---@field answer? askedit.Answer the conversation that goes on
---@field replaces? askedit.Run the run that is asked again
---@field continues? askedit.Run the run that is to go on
---@field edit? askedit.Edit where it is to be written
---@field model string what to call the model until the server names it

---@class askedit.Run one request and what came of it
---@field id integer
---@field answer askedit.Answer the conversation it belongs to
---@field request askedit.Request
---@field title string the question as the user sees it
---@field source integer buffer it was asked from
---@field first_line integer line of its question in the answer's buffer
---@field started integer uv.hrtime()
---@field pieces string[] the answer so far, as the model gave it
---@field held string a '\r' that may be half of a line break
---@field thoughts string[] reasoning, not part of the answer
---@field model string as the server names it, before that as it was asked for
---@field status string one line of the server about the answer
---@field locked_since? integer uv.hrtime() of the first draw that met a locked text
---@field stopping boolean the user stopped it
---@field continues? askedit.Run the part of the answer before this one
---@field before? string the answer up to there
---@field joint? string start of the text of a run that continues, as long as it may say words again
---@field edit? askedit.Edit the change that it proposes; nil if the answer is to be read
---@field code_before? string of a change that goes on: its code up to there
---@field code_joint? string as `joint`, of the code
---@field replaces? askedit.Run a retry takes the place of this run in the conversation, once it has text
---@field over boolean
---@field seconds? number how long it took
---@field finish? string
---@field error? {kind: string, message: string}
---@field usage? {input: integer, output: integer, cached: integer, reasoning: integer}
---@field log? table what the host says about the request

---@class askedit.Answer a conversation: one buffer, one or more runs
---@field number integer
---@field buf integer -1 if it never had one
---@field runs askedit.Run[]
---@field asked_at string time of day
---@field folds {first: integer, last: integer, open: boolean}[] lines of thoughts in the buffer

---@class askedit.Place where a window opens
---@field mods string command modifiers given by the user
---@field split string the setting

---@alias askedit.Style 'thought'|'fault' what a text is, if not answer or question

--- A place where an answer goes. A draw costs what its text does, and the line that the text goes on with. A
--- text that is locked is told by `false`, and comes again.
---@class askedit.Target
---@field open fun(answer: askedit.Answer, place: askedit.Place, pieces: table[]): string|nil a fault
---@field append fun(answer: askedit.Answer, text: string, style?: askedit.Style): boolean
---@field take_back fun(answer: askedit.Answer, breaks: integer, row: integer): boolean
---@field status fun(answer: askedit.Answer, line: string)
---@field status_at fun(answer: askedit.Answer, row: integer, line: string)
---@field settle fun(answer: askedit.Answer, first: integer|nil, line: string) first = show it from there
---@field last_line fun(answer: askedit.Answer): integer

---@class askedit.Event the data of User AskeditStart, AskeditDone and AskeditError
---@field id integer
---@field prompt string
---@field model string
---@field buf integer buffer of the answer
---@field source integer buffer it was asked from
---@field answer? string the text, when it is over
---@field finish? string
---@field stopped? boolean
---@field error? {kind: string, message: string}
