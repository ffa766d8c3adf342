module gatehouse.test/generated

go 1.25.5

require gopkg.in/validator.v2 v2.0.1
