--- Says the same in less code.
return {
  description = 'simplify the selected code',
  context = 'selection',
  target = 'replace',
  template = 'Simplify this code: fewer lines, fewer branches, fewer names, the same behaviour. {{text}}',
}
