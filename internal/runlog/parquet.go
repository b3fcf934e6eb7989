package runlog

import (
	"errors"
	"fmt"
	"io"
	"reflect"

	"github.com/parquet-go/parquet-go"
)

// rowGroup is how many rows are held before they are written.
const rowGroup = 10000

// WriteParquet writes one zstd-compressed column a column; an undefined value is null.
func (t Table) WriteParquet(out io.Writer) error {
	row := reflect.New(t.rowType()).Elem()
	w := parquet.NewWriter(out, parquet.SchemaOf(row.Interface()), parquet.MaxRowsPerRowGroup(rowGroup))
	for values, err := range t.rows {
		if err != nil {
			return errors.Join(err, w.Close())
		}
		for i, value := range values {
			setCell(row.Field(i), value)
		}
		if err := w.Write(row.Interface()); err != nil {
			return err
		}
	}
	return w.Close()
}

// rowType is a struct with a field for each column: the schema keeps the order of a struct's fields, not of a map.
func (t Table) rowType() reflect.Type {
	types := map[kind]reflect.Type{intKind: reflect.TypeFor[int64](), floatKind: reflect.TypeFor[*float64](), boolKind: reflect.TypeFor[bool](),
		textKind: reflect.TypeFor[string]()}
	fields := make([]reflect.StructField, len(t.columns))
	for i, name := range t.columns {
		fields[i] = reflect.StructField{Name: fmt.Sprintf("Column%d", i), Type: types[t.kinds[i]],
			Tag: reflect.StructTag(fmt.Sprintf(`parquet:"%s,zstd"`, name))}
	}
	return reflect.StructOf(fields)
}

func setCell(cell reflect.Value, value any) {
	switch v := value.(type) {
	case nil:
		cell.SetZero()
	case float64:
		cell.Set(reflect.ValueOf(&v))
	default:
		cell.Set(reflect.ValueOf(v))
	}
}
