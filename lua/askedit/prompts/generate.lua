--- New text at the cursor, in the user's own words.
return {
  description = 'write text at the cursor',
  target = 'insert',
  template = '{{text}}',
}
