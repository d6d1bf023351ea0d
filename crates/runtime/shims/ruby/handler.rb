# frozen_string_literal: true

module ZerunRuntime
  # The function's own method: `file.method` or `file.Module::Class.method`.
  class Handler
    def initialize(text)
      file, *names = text.split('.')
      raise ArgumentError, "Invalid handler #{text}, must be of form FILENAME.METHOD or FILENAME.CLASS.METHOD" \
        unless file && (1..2).cover?(names.size)

      require File.join(ENV.fetch('LAMBDA_TASK_ROOT'), file)
      @method = names.pop.to_sym
      @receiver = names.empty? ? ::TOPLEVEL : Object.const_get(names.first)
      # Methods outside of any class are private.
      return if @receiver.respond_to?(@method, true)

      raise NameError, "undefined method `#{@method}' for #{text}"
    end

    # JSON text and its type, or whatever an open file or StringIO holds.
    def call(event, context)
      answer = @receiver.send(@method, event: event, context: context)
      return [answer.read, 'application/unknown'] if answer.respond_to?(:read)

      [JSON.generate(answer), 'application/json']
    end
  end
end
