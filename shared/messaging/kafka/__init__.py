"""Apache Kafka as a transport; the only package that knows FastStream, aiokafka and librdkafka."""
