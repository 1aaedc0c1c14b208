--- Makes the selected code better without changing what it does.
return {
  description = 'refactor the selected code',
  context = 'selection',
  target = 'replace',
  template = 'Refactor this code: make it clear, idiomatic and correct, and keep what it is for. {{text}}',
}
