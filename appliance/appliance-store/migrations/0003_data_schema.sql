-- The oldest schema whose readers understand this data: a version before today's asks this.
CREATE TABLE data_schema (
    readable_by INTEGER NOT NULL
) STRICT;
