{#- Grain: one row per raw row; one per feature where rejected_reason is null.
    Purpose: the features that a tag may name, with their owners. Empty: every tag is valid. -#}
{{ ai_business_staging(
    'features',
    columns=[('feature_id', 'varchar'), ('name', 'varchar'), ('owner', 'varchar')],
    key=['feature_id']
) }}
