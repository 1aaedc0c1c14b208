--- Repairs the selected code, with what the diagnostics say about it.
return {
  description = 'fix the selected code and its diagnostics',
  context = 'selection',
  target = 'replace',
  template = 'Find what is wrong in this code, also what the diagnostics name, and repair that and nothing '
    .. 'else. {{text}}',
}
