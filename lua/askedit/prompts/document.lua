--- Adds the missing documentation to the selected code.
return {
  description = 'document the selected code',
  context = 'selection',
  target = 'replace',
  template = 'Add documentation comments to this code in the usual form of its language. Say what it is for, '
    .. 'what it takes and returns, and what is surprising. Do not change the code itself. {{text}}',
}
