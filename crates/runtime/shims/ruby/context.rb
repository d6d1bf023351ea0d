# frozen_string_literal: true

module ZerunRuntime
  # What a handler learns about its invocation
  # (https://docs.aws.amazon.com/lambda/latest/dg/ruby-context.html).
  class Context
    attr_reader :aws_request_id, :deadline_ms, :invoked_function_arn, :tenant_id

    def initialize(headers)
      @headers = headers
      @aws_request_id = headers['lambda-runtime-aws-request-id']
      @deadline_ms = Integer(headers['lambda-runtime-deadline-ms'])
      @invoked_function_arn = headers['lambda-runtime-invoked-function-arn']
      @tenant_id = headers['lambda-runtime-aws-tenant-id']
    end

    def get_remaining_time_in_millis
      [@deadline_ms - Process.clock_gettime(Process::CLOCK_REALTIME, :millisecond), 0].max
    end

    def memory_limit_in_mb
      Integer(ENV.fetch('AWS_LAMBDA_FUNCTION_MEMORY_SIZE'))
    end

    def function_name
      ENV.fetch('AWS_LAMBDA_FUNCTION_NAME')
    end

    def function_version
      ENV.fetch('AWS_LAMBDA_FUNCTION_VERSION')
    end

    def log_group_name
      ENV.fetch('AWS_LAMBDA_LOG_GROUP_NAME')
    end

    def log_stream_name
      ENV.fetch('AWS_LAMBDA_LOG_STREAM_NAME')
    end

    def identity
      parsed('lambda-runtime-cognito-identity')
    end

    def client_context
      parsed('lambda-runtime-client-context')
    end

    private

    def parsed(name)
      text = @headers[name]
      text && JSON.parse(text.dup.force_encoding(Encoding::UTF_8))
    end
  end
end
