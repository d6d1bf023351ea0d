# frozen_string_literal: true

# Runs a function in Ruby as Lambda's runtime does: asks the Runtime API for one event after the other.

TOPLEVEL = self

require 'json'
require_relative 'api'
require_relative 'context'
require_relative 'handler'

module ZerunRuntime
  # Lines of the shim's own are left out: they say nothing about the function.
  OWN = "#{__dir__}/"

  def self.report(kind, error)
    JSON.generate(
      errorMessage: text(error.message),
      errorType: "#{kind}<#{error.class}>",
      stackTrace: (error.backtrace || []).reject { |line| line.start_with?(OWN) }.map { |line| text(line) }
    )
  end

  # Whatever bytes there are: JSON takes none that are no UTF-8.
  def self.text(given)
    given.to_s.dup.force_encoding(Encoding::UTF_8).scrub
  end

  # What the Runtime API takes for a type is letters only.
  def self.type(kind, error)
    name = error.class.name.to_s
    "#{kind == 'Init' ? 'Runtime' : kind}.#{name.match?(/\A[A-Z][A-Za-z]*\z/) ? name : 'Unknown'}"
  end

  def self.log(error)
    warn("Error raised from handler method\n#{report('Function', error)}")
  end

  def self.start(api)
    Handler.new(ENV.fetch('_HANDLER'))
  rescue Exception => e # whatever it is, the platform is to hear of it
    warn("Init error when loading handler #{ENV.fetch('_HANDLER', '')}\n#{report('Init', e)}")
    api.fail_to_start(report('Init', e), type('Init', e))
    exit!(1)
  end

  def self.serve(api, handler)
    headers, body = api.next_event
    context = Context.new(headers)
    ENV['_X_AMZN_TRACE_ID'] = headers['lambda-runtime-trace-id']
    is_json = headers.fetch('content-type', 'application/json').start_with?('application/json')
    body.force_encoding(Encoding::UTF_8) if is_json
    answer, content_type = handler.call(is_json ? JSON.parse(body) : body, context)
    api.respond(context.aws_request_id, answer, content_type)
  rescue StandardError, ScriptError => e
    raise if context.nil?

    log(e)
    api.fail(context.aws_request_id, report('Function', e), type('Function', e))
  rescue Exception => e # an exit, a lack of memory: the process is not to go on
    # Between two events it is the platform that ends the process.
    raise if context.nil?

    log(e)
    api.fail(context.aws_request_id, report('Function', e), type('Function', e))
    exit!(1)
  end

  $stdout.sync = true
  $stderr.sync = true
  $LOAD_PATH.unshift(ENV.fetch('LAMBDA_TASK_ROOT'))
  api = Api.new(ENV.fetch('AWS_LAMBDA_RUNTIME_API'))
  handler = start(api)
  loop { serve(api, handler) }
end
