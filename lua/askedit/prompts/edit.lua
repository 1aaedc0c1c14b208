--- A change in the user's own words.
return {
  description = 'change the selected text in your own words',
  context = 'selection',
  target = 'replace',
  template = '{{text}}',
}
