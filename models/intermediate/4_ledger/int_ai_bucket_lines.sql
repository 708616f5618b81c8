{#- Grain: one row per bucket and line that it follows: exactly one line, but for requests whose account
    or project nobody knows, which follow all lines that match what they do carry.
    Purpose: where spend meets the bill. A bucket follows the line that matches it on the most
    attributes; the order of the attributes breaks ties. Matches are equi-joins on a text key, one for
    each set of attributes that lines of the day carry. Buckets that no line matches have no row.
    A cache write whose log tells no lifetime follows the 5-minute lines where the bill has no other. -#}
{%- set attributes = ai_line_attributes() -%}
{#- Which of account and project are unknown, and so not compared. -#}
{%- set variants = {
    'known': [], 'no_project': ['project'], 'no_account': ['account'], 'neither': ['account', 'project']
} -%}

with lines as (

    select * from {{ ref('int_ai_bill_lines') }}

),

write_days as (

    select platform, usage_date
    from lines
    group by platform, usage_date
    having max(case when price_class = 'cache_write_5m' then 1 else 0 end) = 1
        and max(case when price_class = 'cache_write_other' then 1 else 0 end) = 0

),

buckets as (

    select distinct
        places.bucket_key,
        places.platform,
        places.billing_account_id,
        places.usage_date,
        {%- for column in ai_line_columns() if column != 'price_class' %}
        places.{{ column }},
        {%- endfor %}
        case
            when places.price_class = 'cache_write_other' and write_days.platform is not null then 'cache_write_5m'
            else places.price_class
        end as price_class,
        case
            when places.billing_account_id is null and places.project_id is null then 'neither'
            when places.billing_account_id is null then 'no_account'
            when places.project_id is null then 'no_project'
            else 'known'
        end as variant
    from {{ ref('int_ai_buckets') }} as places
    left join write_days
        on places.platform = write_days.platform
        and places.usage_date = write_days.usage_date

),

line_keys as (

    {%- for variant, unknown in variants.items() %}
    select
        line_key,
        platform,
        usage_date,
        '{{ variant }}' as variant,
        {{ "'0' || right(attribute_mask, 5)" if 'project' in unknown else 'attribute_mask' }} as mask,
        {{ ai_line_match_key('attribute_mask', unknown) | indent(8) }} as match_key
    from lines
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

masks as (

    select distinct platform, usage_date, variant, mask from line_keys

),

bucket_keys as (

    select
        buckets.bucket_key,
        buckets.platform,
        buckets.usage_date,
        buckets.variant,
        masks.mask,
        case buckets.variant
            {%- for variant, unknown in variants.items() %}
            when '{{ variant }}' then {{ ai_line_match_key('masks.mask', unknown, 'buckets.') | indent(16) }}
            {%- endfor %}
        end as match_key
    from buckets
    inner join masks
        on buckets.platform = masks.platform
        and buckets.usage_date = masks.usage_date
        and buckets.variant = masks.variant

),

matches as (

    select
        bucket_keys.bucket_key,
        line_keys.line_key,
        bucket_keys.variant,
        rank() over (
            partition by bucket_keys.bucket_key
            order by length(replace(bucket_keys.mask, '0', '')) desc, bucket_keys.mask desc
        ) as match_rank
    from bucket_keys
    inner join line_keys
        on bucket_keys.platform = line_keys.platform
        and bucket_keys.usage_date = line_keys.usage_date
        and bucket_keys.variant = line_keys.variant
        and bucket_keys.mask = line_keys.mask
        and bucket_keys.match_key = line_keys.match_key

),

final as (

    select
        bucket_key,
        line_key,
        variant
    from matches
    where match_rank = 1

)

select * from final
