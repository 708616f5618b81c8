{#- Grain: one row per raw row; one per team where rejected_reason is null.
    Purpose: the teams that a tag may name, with their owners. Empty: every tag is valid. -#}
{{ ai_business_staging(
    'teams',
    columns=[('team_id', 'varchar'), ('name', 'varchar'), ('owner', 'varchar')],
    key=['team_id']
) }}
