import { createContext, type ReactNode, useContext } from "react";
import {
  Button,
  Checkbox,
  CheckboxGroup,
  FieldError,
  Input,
  Label,
  ListBox,
  ListBoxItem,
  NumberField,
  Popover,
  Radio,
  RadioGroup,
  Select,
  SelectValue,
  Switch,
  Text,
  TextArea,
  TextField,
} from "react-aria-components";

/** Told of the field that one types into: its error goes then, not when one leaves it, which would move what is below. */
export const MendContext = createContext<(name: string) => void>(() => {});

function useMending<Value>(name: string, onChange: (value: Value) => void): (value: Value) => void {
  const mend = useContext(MendContext);
  return (value) => {
    mend(name);
    onChange(value);
  };
}

interface FieldProps<Value> {
  label: ReactNode;
  /** As the API names it: its problems are shown here. */
  name: string;
  value: Value;
  onChange: (value: Value) => void;
  hint?: ReactNode;
  isRequired?: boolean;
  isDisabled?: boolean;
}

export interface Option<Id extends string = string> {
  id: Id;
  label: string;
  hint?: string;
}

function Hint({ children }: { children: ReactNode }) {
  return children === undefined ? null : (
    <Text slot="description" className="small">
      {children}
    </Text>
  );
}

interface TextProps extends FieldProps<string> {
  type?: "text" | "email" | "password" | "url" | "time" | "date";
  isLong?: boolean;
  /** What the browser may fill in; nothing unless said. */
  autoComplete?: string;
  inputMode?: "numeric";
}

export function TextInput({ label, hint, isLong = false, autoComplete = "off", inputMode, type = "text", ...field }: TextProps) {
  const onChange = useMending(field.name, field.onChange);
  return (
    <TextField className="field" {...field} onChange={onChange} type={type}>
      <Label>{label}</Label>
      {isLong ? (
        <TextArea rows={4} dir="auto" />
      ) : (
        <Input autoComplete={autoComplete} dir="auto" {...(inputMode === undefined ? {} : { inputMode })} />
      )}
      <Hint>{hint}</Hint>
      <FieldError />
    </TextField>
  );
}

interface NumberProps extends Omit<FieldProps<number | null>, "onChange"> {
  onChange: (value: number | null) => void;
  min?: number;
  max?: number;
  /** What stands behind the number. */
  unit?: ReactNode;
}

export function NumberInput({ label, hint, value, onChange, min, max, unit, ...field }: NumberProps) {
  const change = useMending(field.name, onChange);
  return (
    <NumberField
      className="field number"
      {...field}
      value={value ?? Number.NaN}
      onChange={(given) => change(Number.isNaN(given) ? null : given)}
      formatOptions={{ useGrouping: false }}
      {...(min === undefined ? {} : { minValue: min })}
      {...(max === undefined ? {} : { maxValue: max })}
    >
      <Label>{label}</Label>
      <span className="with-unit">
        <Input autoComplete="off" />
        {unit !== undefined && <span className="small">{unit}</span>}
      </span>
      <Hint>{hint}</Hint>
      <FieldError />
    </NumberField>
  );
}

interface ChoiceProps<Id extends string> extends FieldProps<Id | null> {
  options: readonly Option<Id>[];
  placeholder?: string;
}

export function Choice<Id extends string>({ label, hint, options, value, onChange, placeholder, ...field }: ChoiceProps<Id>) {
  return (
    <Select
      className="field"
      {...field}
      {...(placeholder === undefined ? {} : { placeholder })}
      value={value}
      onChange={(key) => onChange(key as Id | null)}
    >
      <Label>{label}</Label>
      <Button className="button select">
        <SelectValue />
        <span aria-hidden>▾</span>
      </Button>
      <Hint>{hint}</Hint>
      <FieldError />
      <Popover className="popover">
        <ListBox items={options}>
          {(option) => (
            <ListBoxItem id={option.id} className="menu-item" textValue={option.label}>
              {option.label}
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </Select>
  );
}

/** A choice of few, each with its explanation. */
export function Radios<Id extends string>({ label, hint, options, value, onChange, ...field }: ChoiceProps<Id>) {
  return (
    <RadioGroup className="field" {...field} value={value} onChange={(key) => onChange(key as Id)}>
      <Label>{label}</Label>
      {options.map((option) => (
        <Radio key={option.id} value={option.id} className="radio">
          <span className="disc" aria-hidden />
          <span>
            <span>{option.label}</span>
            {option.hint !== undefined && <span className="small explains">{option.hint}</span>}
          </span>
        </Radio>
      ))}
      <Hint>{hint}</Hint>
      <FieldError />
    </RadioGroup>
  );
}

export function Toggle({ label, hint, value, onChange, name, isDisabled = false }: FieldProps<boolean>) {
  return (
    <div className="field">
      <Switch className="switch" name={name} isSelected={value} onChange={onChange} isDisabled={isDisabled}>
        <span className="track" aria-hidden />
        {label}
      </Switch>
      {hint !== undefined && <span className="small">{hint}</span>}
    </div>
  );
}

interface ChecksProps extends Omit<FieldProps<string[]>, "isRequired"> {
  options: readonly Option[];
  empty?: ReactNode;
}

export function Checks({ label, hint, options, empty, ...field }: ChecksProps) {
  return (
    <CheckboxGroup className="field" {...field}>
      <Label>{label}</Label>
      {options.length === 0 && <span className="small">{empty}</span>}
      <div className="checks">
        {options.map((option) => (
          <Check key={option.id} value={option.id}>
            {option.label}
          </Check>
        ))}
      </div>
      <Hint>{hint}</Hint>
      <FieldError />
    </CheckboxGroup>
  );
}

interface CheckProps {
  children: ReactNode;
  value?: string;
  isSelected?: boolean;
  onChange?: (isSelected: boolean) => void;
}

/** One box to tick. */
export function Check({ children, ...box }: CheckProps) {
  return (
    <Checkbox className="checkbox" {...box}>
      {({ isSelected }) => (
        <>
          <span className="box" aria-hidden>
            {isSelected ? "✓" : ""}
          </span>
          <span>{children}</span>
        </>
      )}
    </Checkbox>
  );
}
