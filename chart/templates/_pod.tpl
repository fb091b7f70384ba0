{{- /* What pods may do: nothing. */ -}}
{{- define "sameweights.rights" -}}
automountServiceAccountToken: false
# because kubelet would set SAMEWEIGHTS_SERVICE_HOST and the like, and an unknown SAMEWEIGHTS_ variable is refused
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile:
    type: RuntimeDefault
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* Image, variables and rights of a container, of a dict with root and own. */ -}}
{{- define "sameweights.program" -}}
{{- $values := .root.Values -}}
image: "{{ $values.image.repository }}:{{ .own.tag | default $values.image.tag | default .root.Chart.AppVersion }}"
imagePullPolicy: {{ $values.image.pullPolicy }}
env:
  - name: SAMEWEIGHTS_PROXY__LISTEN
    value: "{{ $values.address }}:8080"
  - name: SAMEWEIGHTS_ADMIN__LISTEN
    value: "{{ $values.address }}:8081"
  - name: SAMEWEIGHTS_STORAGE__URL
    value: {{ include "sameweights.store" .root | quote }}
{{- if eq $values.mode "single" }}
  # because readers sort large reports in files, which would fill /tmp and have the pod evicted
  - name: SQLITE_TMPDIR
    value: /var/lib/sameweights
{{- end }}
{{- with concat $values.env (.own.env | default list) }}
{{- toYaml . | nindent 2 }}
{{- end }}
{{- with concat $values.secrets (.own.secrets | default list) }}
envFrom:
  {{- range . }}
  - secretRef:
      name: {{ . }}
  {{- end }}
{{- end }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end }}

{{- /* The pod of one part, of a dict with root, part, own (its values), args, and data: whether it has the data port. */ -}}
{{- define "sameweights.pod" -}}
{{- $values := .root.Values }}
{{- $scheme := ternary "HTTPS" "HTTP" (not (empty ($values.config.admin | default dict).tls_cert)) }}
{{- $probe := toYaml (dict "path" "/healthz" "port" "admin" "scheme" $scheme) -}}
metadata:
  # no version here, so that a new chart replaces no pod whose image stays
  labels:
    {{- include "sameweights.picked" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .part }}
    {{- with $values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    {{- with $values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    # pods are replaced when the configuration changes
    checksum/config: {{ include "sameweights.toml" .root | sha256sum }}
spec:
  terminationGracePeriodSeconds: {{ include "sameweights.grace" .root }}
  {{- include "sameweights.rights" .root | nindent 2 }}
  {{- with .own.nodeSelector }}
  nodeSelector: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .own.tolerations }}
  tolerations: {{- toYaml . | nindent 4 }}
  {{- end }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "sameweights.picked" .root | nindent 10 }}
          app.kubernetes.io/component: {{ .part }}
  containers:
    - name: sameweights
      {{- include "sameweights.program" . | nindent 6 }}
      args: {{- toYaml .args | nindent 8 }}
      ports:
        {{- if .data }}
        - name: data
          containerPort: 8080
        {{- end }}
        - name: admin
          containerPort: 8081
      {{- if .data }}
      lifecycle:
        preStop:
          # so that Services have stopped sending connections here before the port closes
          exec:
            command: [sleep, "5"]
      {{- end }}
      # half an hour, because a migration of a large store comes before the ports are opened
      startupProbe:
        httpGet: {{- $probe | nindent 10 }}
        periodSeconds: 2
        timeoutSeconds: 5
        failureThreshold: 900
      readinessProbe:
        {{- if eq .part "single" }}
        # not /readyz, which fails while records cannot be stored: requests are forwarded all the same
        tcpSocket:
          port: data
        {{- else }}
        httpGet: {{- $probe | replace "/healthz" "/readyz" | nindent 10 }}
        {{- end }}
        periodSeconds: 5
        timeoutSeconds: 5
        # a hanging publisher is replaced after half a minute, in which its proxy forwards
        failureThreshold: {{ ternary 9 3 (eq .part "proxies") }}
      # longer than the half minute after which a hanging audit is replaced without a restart
      livenessProbe:
        httpGet: {{- $probe | nindent 10 }}
        periodSeconds: 15
        timeoutSeconds: 5
        failureThreshold: 8
      resources: {{- toYaml .own.resources | nindent 8 }}
      volumeMounts:
        - name: config
          mountPath: /etc/sameweights
          readOnly: true
        - name: data
          mountPath: /var/lib/sameweights
        # the socket between its processes
        - name: tmp
          mountPath: /tmp
        {{- with $values.volumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    - name: config
      configMap:
        name: {{ .root.Release.Name }}
    - name: tmp
      emptyDir:
        sizeLimit: 64Mi
    {{- if ne .part "single" }}
    - name: data
      emptyDir:
        sizeLimit: 64Mi
    {{- end }}
    {{- with $values.volumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}

{{- /* Seconds for an orderly end: preStop, streams in flight (proxy.timeouts.grace), and 25 to store or publish what is left. */ -}}
{{- define "sameweights.grace" -}}
{{- $timeouts := (.Values.config.proxy | default dict).timeouts | default dict }}
{{- add 5 (ceil ($timeouts.grace | default 30)) 25 -}}
{{- end }}
