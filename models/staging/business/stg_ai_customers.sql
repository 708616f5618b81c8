{#- Grain: one row per raw row; one per customer where rejected_reason is null.
    Purpose: who the customers are, which of them are internal, and what was merged. -#}
{{ ai_business_staging(
    'customers',
    columns=[
        ('customer_id', 'varchar'),
        ('name', 'varchar'),
        ('parent_customer_id', 'varchar'),
        ('merged_into', 'varchar'),
        ('is_internal', 'boolean'),
        ('created_at', 'timestamp'),
        ('deleted_at', 'timestamp')
    ],
    key=['customer_id']
) }}
